def main_handler(event, context):
    print "report"
    return event
