"""From a person's table to the contract and the settings of this project."""
