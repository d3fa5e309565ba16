"""Trunks: 2M PRI, SS7/ISUP and SIP as one model; routes, health and guard over them."""
