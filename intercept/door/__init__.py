"""The precedence door: a stateless SIP proxy in front of the switch that understands ``Require: resource-priority``."""
