SELECT pool, provider, switch FROM switches ORDER BY pool, provider
