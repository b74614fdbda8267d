"""ui/signin"""
