"""CMPP 3.0 (China Mobile Peer to Peer, 中国移动通信互联网短信网关接口协议 V3.0): codec, session, link."""
