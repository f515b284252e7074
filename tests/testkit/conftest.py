"""The folders here are projects of their own, which test_projects.py runs."""

collect_ignore_glob = ["*_app/*"]
