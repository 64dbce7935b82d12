"""What leaves this machine, and what comes from another: submissions, their verification, boards on a branch."""
