"""The project folder: what is in it, safe saving, migrations and recovery. Never imports torch."""
