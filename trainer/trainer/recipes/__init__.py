"""One module for each way of training; each is imported only by the job that needs it."""
