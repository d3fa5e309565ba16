"""One file for each word after `softswitch`."""
