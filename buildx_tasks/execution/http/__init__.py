"""Requests over HTTP: proxies, TLS files, redirects, and plain reasons when there is no answer."""
