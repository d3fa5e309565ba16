"""The engine of the gateway: takes messages from the queue to the links, and writes down what comes back."""
