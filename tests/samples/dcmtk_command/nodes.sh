#!/bin/sh
# nodes of the test bed
storescp --fork -aet ANY-SCP 104 &
storescp +tla +px 2763 > /var/log/storescp.log 2>&1
exec storescp +tls key.pem cert.pem -vc +cs TLS_RSA_WITH_3DES_EDE_CBC_SHA 2764
dcmqrscp -c /etc/dcmtk/dcmqrscp.cfg
storescp --help
