"""Export: the best weights as what is deployed, compared with the weights themselves."""
