"""The world of `./talktalk up --demo`: who lives in it and what they have said and paid."""
