"""Mass SMS: links to message centres, the queue, campaigns, replies."""
