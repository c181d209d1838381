"""What fakesnow and DuckDB do: run SQL, and how their types and errors are told apart."""
