def another_name(event, context):
    return 1
