"""ui/lab"""
