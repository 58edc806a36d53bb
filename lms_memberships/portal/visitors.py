"""From which address does a request come? Never from a header that the visitor may have written (S37)."""

from ipaddress import IPv6Address, ip_address

from django.http import HttpRequest

from .. import conf

#: A household or a server has at least so many addresses of version 6 to itself.
PREFIX_BITS = 64


def address_of(request: HttpRequest) -> str:
    """The address; of version 6, its network.

    Each proxy appends whom it heard to X-Forwarded-For. Of ours, the first one heard the visitor: its entry is as far
    from the end as there are proxies. What stands before that, the visitor wrote.
    """
    heard = [part.strip() for part in str(request.META.get("HTTP_X_FORWARDED_FOR") or "").split(",") if part.strip()]
    proxies = conf.TRUSTED_PROXIES
    told = heard[-proxies] if 0 < proxies <= len(heard) else str(request.META.get("REMOTE_ADDR") or "")
    try:
        address = ip_address(told)
    except ValueError:
        return told[:64]
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or f"{int(address) >> PREFIX_BITS:x}/{PREFIX_BITS}")
    return str(address)
