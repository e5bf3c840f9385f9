# One image for web, worker, beat and migrate; the command says which.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    PATH=/srv/reeve/.venv/bin:$PATH

# pg_dump and pg_restore, for backups; they must not be older than the server.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && pip install --no-cache-dir uv==0.13.9 \
    && useradd --system --uid 10001 --home-dir /srv/reeve --shell /usr/sbin/nologin reeve \
    && install --directory --owner=reeve --group=reeve --mode=0700 /data

WORKDIR /srv/reeve
COPY pyproject.toml uv.lock .python-version README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-cache
COPY manage.py ./
COPY config config
COPY core core
COPY connectors connectors
COPY reviews reviews
COPY templates templates

# The data folder is a volume, so static files stay in the image and are served from there. That all of it
# starts is tried once, with values that are thrown away.
RUN SECRET_KEY=build SEALING_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= PUBLIC_URL=http://localhost \
    DATA_DIR=/tmp/build python manage.py check \
    && rm -rf /tmp/build

ENV DATA_DIR=/data
VOLUME /data
USER reeve
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--no-ws", "--log-level", "warning", "--blocking-threads", "4", "config.wsgi:application"]
