"""The Build page: palette, canvas, inspector and the drawer with problems, code and costs."""
