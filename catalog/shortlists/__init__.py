"""What a member keeps of its searches: favourites, alerts, and shortlists that lead to a reasoned choice.

A shortlist helps to choose: it is never an award decision (CCP L2152-7, R2152-7, R2122-8).
"""
