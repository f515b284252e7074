"""The Django app that remembers deliveries: `INSTALLED_APPS += ["torii_backend.django.events"]`."""
