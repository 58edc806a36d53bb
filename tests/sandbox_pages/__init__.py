"""Do the sandbox's hosted pages, its dashboard and its webhooks work, over real HTTP?"""
