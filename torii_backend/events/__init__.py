"""Webhook deliveries become events, and events reach your handlers once each."""
