"""To whom: lists of citizens from CSV, areas on the map, who may not be sent to."""
