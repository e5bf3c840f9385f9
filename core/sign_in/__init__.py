"""How people come in: the first administrator, local passwords, mailed links."""
