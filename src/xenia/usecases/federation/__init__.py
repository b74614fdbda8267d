"""Federation: somebody proves at another identity provider who they are, and comes back.

``begin_federation`` finds the provider's endpoints and prepares the address to continue to, ``receive_answer``
takes what the browser brings back, ``exchange`` redeems it at the provider, and ``recognise`` finds out whose
account that is here. Every wait is an errand; what each of them checks is said where it is checked.
"""
