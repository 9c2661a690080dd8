"""The room of accounts: who is here, how they sign in, which apps act for them. Entered by front.py."""
