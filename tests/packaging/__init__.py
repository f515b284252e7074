"""What is shipped: names, versions, start-up and the distributions themselves."""
