"""One file per migration, never changed once released. None goes back: feedback is not dropped."""
