"""The drawing surface: a view of a NetworkSpec. It owns no truth; every gesture is an edit of the document."""
