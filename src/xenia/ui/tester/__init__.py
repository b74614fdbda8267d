"""ui/tester"""
