/* What pages gain by script; each of them works without. No build, no inline code, nothing evaluated. */
"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  const symbol = (name) => {
    const sprite = document.querySelector("svg.r-i use").getAttribute("href").split("#")[0];
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "r-i r-i--s");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${sprite}#i-${name}`);
    svg.append(use);
    return svg;
  };

  const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  /* Light or dark: shown at once, saved behind it. */
  const theme = (form) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const root = document.documentElement;
      const button = event.submitter;
      let wanted = button.value;
      if (button.classList.contains("r-iconbtn")) {
        const preferred = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
        wanted = (root.dataset.bsTheme || preferred) === "dark" ? "light" : "dark";
      }
      const body = new FormData(form);
      body.set("theme", wanted);
      if (wanted === "system") delete root.dataset.bsTheme;
      else root.dataset.bsTheme = wanted;
      all("[data-theme-switch] [name=theme]").forEach((each) => {
        each.setAttribute("aria-pressed", String(each.value === wanted));
      });
      fetch(form.action, { method: "POST", body, redirect: "manual" });
    });
  };

  /* Copy buttons. */
  const copy = (field) => {
    const button = field.querySelector("[data-copy-button]");
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(field.querySelector("code").textContent);
      button.querySelector("svg").replaceWith(symbol("check"));
      button.classList.add("r-copy__done");
      const said = document.createElement("span");
      said.className = "visually-hidden";
      said.setAttribute("role", "status");
      said.textContent = "Copied";
      field.append(said);
      window.setTimeout(() => {
        button.querySelector("svg").replaceWith(symbol("copy"));
        button.classList.remove("r-copy__done");
        said.remove();
      }, 2000);
    });
  };

  /* Toasts close. What went well also goes by itself. */
  const toast = (box) => {
    const button = box.querySelector("[data-close]");
    button.hidden = false;
    button.addEventListener("click", () => box.remove());
    if (!box.classList.contains("r-toast--bad")) window.setTimeout(() => box.remove(), 10000);
  };

  /* Confirm: the popover becomes a modal, which keeps the focus inside. */
  const modal = (dialog) => {
    all(`[popovertarget="${CSS.escape(dialog.id)}"]`).forEach((button) => {
      const hides = button.getAttribute("popovertargetaction") === "hide";
      button.removeAttribute("popovertarget");
      button.addEventListener("click", () => (hides ? dialog.close() : dialog.showModal()));
    });
    dialog.removeAttribute("popover");
  };

  /* A menu closes when one looks elsewhere. */
  const menu = (details) => {
    document.addEventListener("click", (event) => {
      if (!details.contains(event.target)) details.open = false;
    });
    details.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !details.open) return;
      details.open = false;
      details.querySelector("summary").focus();
    });
  };

  /* A log keeps its last line in sight while its box is ticked. */
  const follow = (box) => {
    const log = document.getElementById(box.dataset.follow);
    if (log && box.checked) log.scrollTop = log.scrollHeight;
  };

  /* One box in the head of a list ticks every row of the page. */
  const tickAll = (head) => {
    const table = head.closest("table");
    const boxes = () => all("tbody .r-table__tick input[type=checkbox]", table);
    const box = document.createElement("input");
    const look = () => {
      const ticked = boxes().filter((each) => each.checked).length;
      box.checked = ticked > 0 && ticked === boxes().length;
      box.indeterminate = ticked > 0 && !box.checked;
    };
    box.type = "checkbox";
    box.className = "r-check";
    box.setAttribute("aria-label", head.dataset.tickAll);
    box.addEventListener("change", () => boxes().forEach((each) => {
      each.checked = box.checked;
    }));
    table.addEventListener("change", look);
    head.append(box);
    look();
  };

  /* People picker: a combobox that asks the server. */
  const picker = (field) => {
    const input = field.querySelector("input[type=text]");
    const tokens = field.querySelector("[data-picker-tokens]");
    const list = document.createElement("ul");
    let asked = 0;
    let timer = 0;

    const options = () => all("[role=option]", list);
    const current = () => list.querySelector("[aria-selected=true]");

    const show = (isOpen) => {
      list.hidden = !isOpen;
      input.setAttribute("aria-expanded", String(isOpen));
      if (!isOpen) input.removeAttribute("aria-activedescendant");
    };

    const mark = (option) => {
      options().forEach((each) => each.setAttribute("aria-selected", String(each === option)));
      if (!option) return;
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    };

    const chosen = () => all("input[type=checkbox]:checked", tokens).map((each) => each.value);

    const removable = (token) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "r-iconbtn r-iconbtn--s";
      button.setAttribute("aria-label", `Remove ${token.querySelector(".r-person__name").textContent}`);
      button.append(symbol("x"));
      button.addEventListener("click", () => {
        token.remove();
        input.focus();
        field.dispatchEvent(new Event("change", { bubbles: true }));
      });
      token.append(button);
    };

    /* The form goes with all that was chosen; the page comes back with one more. */
    const invite = (email) => {
      const button = document.createElement("button");
      button.type = "submit";
      button.name = `${field.dataset.pickerName}_invite`;
      button.value = email;
      button.formNoValidate = true;
      button.hidden = true;
      field.append(button);
      button.click();
    };

    const choose = (option) => {
      if (option.dataset.invite) {
        invite(option.dataset.invite);
        return;
      }
      const token = document.createElement("li");
      const label = document.createElement("label");
      const box = document.createElement("input");
      token.className = "r-token";
      box.type = "checkbox";
      box.className = "r-check";
      box.name = field.dataset.pickerName;
      box.value = option.dataset.id;
      box.checked = true;
      const person = option.querySelector(".r-person").cloneNode(true);
      person.classList.remove("r-person--2");
      all(".r-person__sub", person).forEach((each) => each.remove());
      label.append(box, person);
      token.append(label);
      tokens.append(token);
      removable(token);
      input.value = "";
      show(false);
      field.dispatchEvent(new Event("change", { bubbles: true }));
    };

    const ask = async () => {
      const number = ++asked;
      const words = input.value.trim();
      if (!words) return show(false);
      const address = new URL(field.dataset.pickerUrl, window.location.href);
      address.searchParams.set("q", words);
      if ("pickerInvite" in field.dataset) address.searchParams.set("invite", "1");
      chosen().forEach((id) => address.searchParams.append("not", id));
      const reply = await fetch(address, { headers: { "X-Requested-With": "fetch" } });
      if (!reply.ok || number !== asked) return undefined;
      list.innerHTML = await reply.text();
      options().forEach((each) => each.addEventListener("mousedown", (event) => {
        event.preventDefault();
        choose(each);
      }));
      show(true);
      return mark(options()[0]);
    };

    const keys = (event) => {
      const found = options();
      const at = found.indexOf(current());
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : -1;
        if (found.length) mark(found[(at + step + found.length) % found.length]);
      } else if (event.key === "Enter" && !list.hidden && current()) {
        event.preventDefault();
        choose(current());
      } else if (event.key === "Enter" && input.value.trim()) {
        event.preventDefault();
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        show(false);
      } else if (event.key === "Backspace" && !input.value && tokens.lastElementChild) {
        tokens.lastElementChild.querySelector("button").click();
      }
    };

    list.className = "r-plain r-options";
    list.id = `${input.id}-options`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Matching people");
    field.querySelector(".r-picker").after(list);
    field.querySelector(".r-picker").classList.add("is-live");
    all(".r-picks", field).forEach((each) => each.remove());
    Object.entries({ role: "combobox", "aria-controls": list.id, "aria-autocomplete": "list" })
      .forEach(([name, value]) => input.setAttribute(name, value));
    all(".r-token", tokens).forEach(removable);
    show(false);
    input.addEventListener("keydown", keys);
    input.addEventListener("blur", () => show(false));
    input.addEventListener("input", () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, 150);
    });
  };

  /* Keys that work everywhere. */
  let last = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const before = last;
    last = event.key;
    if (event.key === "?") document.getElementById("keys")?.togglePopover();
    else if (event.key === "/") {
      const search = document.querySelector("main input[type=search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
    } else if (event.key === "h" && before === "g") document.querySelector(".r-brand[href]")?.click();
  });

  /* Where tabs do not all fit, the one that is open is in sight. */
  const tabs = (list) => {
    const open = list.querySelector("[aria-current]");
    if (open) list.scrollLeft = open.offsetLeft + open.offsetWidth / 2 - list.offsetLeft - list.clientWidth / 2;
  };

  /* Parts of the details of a line, one at a time; the next line opens with the same part. */
  let part = "#d-details";
  const panels = (list) => {
    const links = all("a", list);
    const show = (link) => {
      part = link.hash;
      links.forEach((each) => {
        const panel = document.getElementById(each.hash.slice(1));
        if (panel) panel.hidden = each !== link;
        if (each === link) each.setAttribute("aria-current", "true");
        else each.removeAttribute("aria-current");
      });
      tabs(list);
    };
    list.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (!link) return;
      event.preventDefault();
      show(link);
    });
    const named = window.location.hash === "#comments" ? undefined : links.find((each) => each.hash === window.location.hash);
    show(named || links.find((each) => each.hash === part) || links[0]);
  };

  /* The review desk: a line has the focus, keys act on it or on what is ticked. Buttons do all the work, so that
     what a key does is what a click does. */
  const desk = (root) => {
    const form = () => document.getElementById("marks");
    const drawer = () => document.getElementById("drawer");
    const lines = () => all("[data-line]", root);
    const focused = () => root.querySelector("[data-line].is-focus");
    const ticks = () => all("input[name=line]", root);
    const ticked = () => ticks().filter((each) => each.checked);
    let at = "";
    let openAfter = "";

    const press = (button) => {
      if (!button) return false;
      button.click();
      return true;
    };

    const look = (line, { scroll = true, take = true } = {}) => {
      if (!line) return;
      all("[data-line].is-focus", root).forEach((each) => {
        each.classList.remove("is-focus");
        each.removeAttribute("aria-current");
      });
      at = line.id;
      line.classList.add("is-focus");
      line.setAttribute("aria-current", "true");
      if (take) line.focus({ preventScroll: true });
      if (scroll) line.scrollIntoView({ block: "nearest" });
    };

    const step = (by) => {
      const found = lines();
      const now = found.indexOf(focused());
      const line = found[now < 0 ? 0 : now + by];
      if (line) {
        look(line);
        if (drawer().dataset.drawer && !drawer().hidden) press(line.querySelector(".r-iconbtn[name=open]"));
      } else if (by > 0) document.querySelector("[rel=next]")?.focus() || document.querySelector("[data-next]")?.focus();
    };

    const bulk = () => {
      const box = root.querySelector("[data-bulk]");
      if (!box) return;
      const number = ticked().length;
      box.hidden = number === 0;
      box.querySelector("[data-bulk-count]").textContent = `${number} ticked`;
    };

    const decide = (name) => {
      if (ticked().length) return press(root.querySelector(`[name=selected][value=${name}]`));
      const line = focused();
      const button = line?.querySelector(`.r-decide__b[name=${name}]`);
      if (!button) return step(1);
      press(button);
      return "needsReason" in button.dataset ? reason(line) : step(1);
    };

    const reason = (line) => {
      const row = line?.querySelector("[data-reason]");
      if (!row) return;
      row.hidden = false;
      row.querySelector("input").focus();
    };

    const toLine = () => {
      const boxes = ticks();
      const here = boxes.indexOf(focused()?.querySelector("input[name=line]"));
      const last = boxes.map((each) => each.checked).lastIndexOf(true, here);
      boxes.slice(last < 0 ? 0 : last, here + 1).forEach((each) => {
        each.checked = true;
      });
      bulk();
    };

    const group = (list) => {
      if (!list) return;
      const every = all("input[name=line]", list);
      const free = every.filter((each) => !each.closest(".is-certify, .is-deny"));
      const boxes = free.length ? free : every;
      const whole = boxes.every((each) => each.checked);
      boxes.forEach((each) => {
        each.checked = !whole;
      });
      bulk();
    };

    const shut = () => {
      drawer().hidden = true;
      drawer().replaceChildren();
      delete drawer().dataset.drawer;
      root.classList.remove("r-desk--drawer");
      look(document.getElementById(at), { scroll: false });
    };

    const acts = {
      j: () => step(1),
      k: () => step(-1),
      c: () => decide("certify"),
      d: () => decide("deny"),
      r: () => reason(focused()),
      x: () => {
        const box = focused()?.querySelector("input[name=line]");
        if (box) box.checked = !box.checked;
        bulk();
      },
      X: toLine,
      a: () => group(focused()?.closest("[data-lines]")),
      u: () => press(focused()?.querySelector("[name=undo]")) || press(document.querySelector("[name=last]")),
      o: () => (drawer().hidden ? press(focused()?.querySelector(".r-iconbtn[name=open]")) : shut()),
      n: () => press(document.querySelector("[data-next]")),
      s: () => press(document.querySelector("[data-submit]")),
      Escape: () => (drawer().hidden ? undefined : shut()),
    };

    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      const field = event.target.closest("[data-reason] input");
      if (field) {
        if (event.key === "Enter") {
          event.preventDefault();
          const line = field.closest("[data-line]");
          press(line.querySelector("[name=say]"));
          look(line);
          step(1);
        } else if (event.key === "Escape") look(field.closest("[data-line]"));
        return;
      }
      if (isTyping(event.target) && event.target.type !== "checkbox") return;
      if (/^[1-9]$/.test(event.key)) {
        openAfter = event.key;
        press(focused()?.querySelector(".r-iconbtn[name=open]"));
      } else if (acts[event.key]) {
        if (event.key !== "Escape") event.preventDefault();
        acts[event.key]();
      }
    });

    /* A line grows when it has the focus: not while a pointer is down, or its button would move away from under it. */
    let isPressed = false;
    root.addEventListener("pointerdown", () => {
      isPressed = true;
    });
    ["pointerup", "pointercancel"].forEach((name) => document.addEventListener(name, () => {
      isPressed = false;
    }));
    root.addEventListener("focusin", (event) => {
      const line = event.target.closest("[data-line]");
      if (!isPressed && line && line !== focused()) look(line, { scroll: false, take: false });
    });
    root.addEventListener("click", (event) => {
      const line = event.target.closest("[data-line]");
      if (line && line !== focused()) look(line, { scroll: false, take: false });
      const evidence = event.target.closest("[data-evidence]");
      if (evidence) openAfter = evidence.dataset.evidence;
      if (event.target.closest("[data-close-drawer]")) shut();
      const pick = event.target.closest("[data-select-group]");
      if (pick) group(pick.closest("[data-lines]") || pick.closest(".r-group").nextElementSibling);
    });
    root.addEventListener("change", bulk);

    /* One act after the other, each as the form was when its button was pressed. */
    let acting = Promise.resolve();
    const act = (event) => {
      event.preventDefault();
      const data = new FormData(event.target, event.submitter);
      const ask = { source: root, values: data, target: "#toasts", swap: "beforeend", event };
      acting = acting.then(() => window.htmx.ajax("POST", event.target.action, ask)).catch(() => undefined);
    };
    form()?.addEventListener("submit", act);

    /* What somebody is writing stays, whatever comes back for its line. */
    document.addEventListener("htmx:oobBeforeSwap", (event) => {
      const typed = document.activeElement;
      const field = typed?.id && event.detail.fragment.querySelector(`#${CSS.escape(typed.id)}`);
      if (!field || !typed.closest("[data-reason]")) return;
      field.value = typed.value;
      field.closest("[data-reason]").hidden = false;
    });

    /* A line that was swapped has the focus again, unless one has gone on to another. */
    document.addEventListener("htmx:oobAfterSwap", (event) => {
      const swapped = document.getElementById(event.detail.target?.id) || event.detail.target;
      if (!swapped) return;
      if (swapped.id === "drawer") {
        root.classList.add("r-desk--drawer");
        const line = document.getElementById(`line-${swapped.dataset.drawer}`);
        look(line, { take: false });
        if (openAfter) part = "#d-insights";
        enliven(swapped);
        swapped.querySelector(`[data-hint="${openAfter}"]`)?.scrollIntoView({ block: "start" });
        openAfter = "";
      } else if (swapped.id === "groups") {
        all("[data-select-group]", root).forEach((each) => { each.hidden = false; });
        look(document.getElementById(at), { scroll: false });
        bulk();
      } else if (swapped.id === at) {
        const isWriting = document.activeElement?.closest("[data-reason]");
        look(swapped, { scroll: false, take: !isWriting });
      }
    });

    all("[data-select-group]", root).forEach((each) => {
      each.hidden = false;
    });
    all("template[data-more-keys]").forEach((each) => {
      document.querySelector("#keys .r-keys").prepend(each.content.cloneNode(true));
    });
    bulk();
    if (form()) {
      const first = lines().find((each) => !each.matches(".is-certify, .is-deny")) || lines()[0];
      const named = document.getElementById(window.location.hash.slice(1));
      look(named?.matches("[data-line]") ? named : first, { scroll: Boolean(named), take: !root.querySelector("input[type=search]:focus") });
    }
  };

  const gains = [
    ["form[data-theme]", theme], ["[data-copy]", copy], ["[data-toast]", toast],
    ["dialog[data-modal]", modal], ["[data-menu]", menu], ["[data-picker]", picker], ["[data-tick-all]", tickAll],
    ["[data-panels]", panels], [".r-tabs", tabs], [".r-deskhead .r-seg", tabs], ["[data-desk]", desk],
  ];
  const done = new WeakSet();
  const enliven = (root) => {
    gains.forEach(([selector, gain]) => {
      const found = root.matches?.(selector) ? [root, ...all(selector, root)] : all(selector, root);
      found.filter((each) => !done.has(each)).forEach((each) => {
        done.add(each);
        gain(each);
      });
    });
    all("[data-follow]").forEach(follow);
  };

  /* What a page asks for by itself, with nobody's doing, keeps no session alive. */
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.triggeringEvent) event.detail.headers["X-Polls"] = "yes";
  });

  document.addEventListener("DOMContentLoaded", () => enliven(document));
  document.addEventListener("htmx:load", (event) => enliven(event.detail.elt));
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-follow]")) follow(event.target);
  });
})();
