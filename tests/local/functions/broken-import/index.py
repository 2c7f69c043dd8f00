import there_is_no_such_module


def main_handler(event, context):
    return there_is_no_such_module
