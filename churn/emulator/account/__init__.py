"""What an account holds, who may do what with it, and how a statement is run."""
