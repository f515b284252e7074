"""The first-party proxy: `/_torii/*` of your own origin, forwarded to your tenant host."""
