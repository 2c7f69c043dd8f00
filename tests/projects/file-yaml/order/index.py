def handle(event, context):
    return 1


def main_handler(event, context):
    return 2
