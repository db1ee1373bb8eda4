"""The one HTTP client for the vendor: what a call is asked to send leaves once, or not at all.

Nothing is repeated, redirected, sent through a proxy, remembered as a cookie or logged. A request that must not be
repeated gets a connection of its own, others share kept-alive ones. Each call ends with a value that says what came of
it and when; errors of the library, which quote headers and with them the API key, never get out.

The limiter counts on a bound for the moment after which no byte can arrive any more. Hence each socket is closed with
SO_LINGER 0, so that what the kernel still holds is dropped, even when the process is killed; a call that ends without
its whole answer is aborted at once, not closed after its buffers are flushed; and the kernel gives up after
TCP_USER_TIMEOUT what the vendor's side does not acknowledge.
"""

from bridge.pbx.client.calls import DIAL_TIMEOUTS, QUERY_TIMEOUTS, Account, VendorClient
from bridge.pbx.client.departure import Timeouts

__all__ = ["DIAL_TIMEOUTS", "QUERY_TIMEOUTS", "Account", "Timeouts", "VendorClient"]
