def raised_by_handler(error: BaseException) -> bool:
    return False
