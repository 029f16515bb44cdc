"""What is kept: accounts, ledger, jobs, posts and pictures, behind verbs."""
