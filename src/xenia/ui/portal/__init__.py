"""ui/portal"""
