"""Who can be called here: extensions, phones, emergency numbers, the registry of numbers, one-key buttons."""
