"""Drivers of 2M lines: what DAHDI, libpri and libss7 tell of them over AMI, and what operators can do to them."""
