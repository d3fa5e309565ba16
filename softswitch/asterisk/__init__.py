"""The adapter to Asterisk: its process, its configuration, AMI, ARI and the journal."""
