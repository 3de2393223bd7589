# clustrixfs.bash - completion for bash: options, and a directory to mount on

_clustrixfs()
{
    # shellcheck disable=SC2034 # _init_completion sets all four
    local cur prev words cword
    _init_completion -s -n = || return

    if [[ $prev == -o ]]; then
        case ${cur##*,} in
        state=*)
            mapfile -t COMPREPLY < <(compgen -d -P "${cur%"${cur##*=}"}" -- "${cur##*=}")
            ;;
        config=* | identity=* | IdentityFile=* | control_path=*)
            mapfile -t COMPREPLY < <(compgen -f -P "${cur%"${cur##*=}"}" -- "${cur##*=}")
            ;;
        scheduler=*)
            mapfile -t COMPREPLY < <(compgen -W 'auto kubernetes pbs process sge slurm' \
                -P "${cur%"${cur##*=}"}" -- "${cur##*=}")
            ;;
        transport=*)
            mapfile -t COMPREPLY < <(compgen -W 'ssh openssh' \
                -P "${cur%"${cur##*=}"}" -- "${cur##*=}")
            ;;
        *)
            mapfile -t COMPREPLY < <(compgen -W 'state= config= port= identity= scheduler=
                transport= control_path= alive= allow_other allow_root
                auto_unmount default_permissions fsname= max_read= ro' \
                -P "${cur%"${cur##*,}"}" -- "${cur##*,}")
            [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
            ;;
        esac
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--accept-hostkey -d -f -h --help -o -p -V --version' \
            -- "$cur")
    else
        _known_hosts_real -a -- "$cur"
        _filedir -d
    fi
} && complete -F _clustrixfs clustrixfs
