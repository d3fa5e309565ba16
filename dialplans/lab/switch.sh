# Starts one switch of the guest, `exchange` or `node`, whose files are in /job under that name.
for folder in lib/keys spool log; do mkdir -p /run/$1/$folder; done
LD_PRELOAD=/usr/local/lib/softswitch/isup_category.so asterisk -f -C /job/$1/asterisk.conf > /run/$1/log/console 2>&1 < /dev/null 3>&- &
echo $! > /run/$1/pid
