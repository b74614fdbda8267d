"""ui/account"""
