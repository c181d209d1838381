"""One use case a file, written against the protocols of engines and stores."""
