"""Every adapter against one list of behaviours, and each one's own idioms."""
