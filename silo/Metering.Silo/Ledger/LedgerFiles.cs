using System.Collections.Concurrent;
using Metering.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Metering.Silo.Ledger;

/// <summary>
/// Files that callers are reading: at most <see cref="MaxFiles"/> at the same time, and none that nobody has read of for <see cref="MaxIdle"/>. A file loses its name as soon as it is open here,
/// so its bytes are gone with the last who reads them, or with the process.
/// </summary>
public sealed class LedgerFiles : IDisposable
{
    /// <summary>Being written or read at the same time.</summary>
    internal const int MaxFiles = 4;

    /// <summary>What writing one may take: below the time that callers wait, so that they hear why there is none.</summary>
    internal static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(50);

    internal static readonly TimeSpan MaxIdle = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Guid, OpenFile> _files = new();
    private readonly SemaphoreSlim _places = new(MaxFiles);
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    public LedgerFiles(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(_ => CloseIdle(), state: null, MaxIdle, MaxIdle);
    }

    /// <summary>A place for one more; null when there is none. Dispose of it: what it keeps stays.</summary>
    internal Place? TryTake() => _places.Wait(0) ? new Place(this) : null;

    /// <summary>At most <see cref="LedgerFilePart.MaxBytes"/> from an offset on; none where the file ends or is not there any more.</summary>
    internal async Task<ReadOnlyMemory<byte>> ReadAsync(Guid id, long offset)
    {
        if (!_files.TryGetValue(id, out var file))
        {
            return default;
        }

        file.ReadAt = _time.GetTimestamp();
        var bytes = new byte[(int)Math.Clamp(file.Length - offset, 0, LedgerFilePart.MaxBytes)];
        try
        {
            for (var read = 0; read < bytes.Length;)
            {
                var more = await RandomAccess.ReadAsync(file.Handle, bytes.AsMemory(read), offset + read);
                if (more == 0)
                {
                    return default;
                }

                read += more;
            }

            return bytes;
        }
        catch (ObjectDisposedException)
        {
            // It was closed meanwhile.
            return default;
        }
    }

    internal void Close(Guid id)
    {
        if (_files.TryRemove(id, out var file))
        {
            file.Handle.Dispose();
            _places.Release();
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        foreach (var id in _files.Keys)
        {
            Close(id);
        }
    }

    private void CloseIdle()
    {
        foreach (var (id, file) in _files)
        {
            if (_time.GetElapsedTime(file.ReadAt) >= MaxIdle)
            {
                Close(id);
            }
        }
    }

    /// <summary>Room for a file; given back unless a file is kept in it.</summary>
    internal sealed class Place(LedgerFiles files) : IDisposable
    {
        private bool _isKept;

        /// <summary>Takes a file, which has no name any more afterwards.</summary>
        internal (Guid Id, long Length) Keep(string path)
        {
            try
            {
                var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
                var file = new OpenFile(handle, RandomAccess.GetLength(handle), files._time.GetTimestamp());
                var id = Guid.NewGuid();
                files._files[id] = file;
                _isKept = true;
                return (id, file.Length);
            }
            finally
            {
                File.Delete(path);
            }
        }

        public void Dispose()
        {
            if (!_isKept)
            {
                files._places.Release();
            }
        }
    }

    private sealed class OpenFile(SafeFileHandle handle, long length, long readAt)
    {
        private long _readAt = readAt;

        internal SafeFileHandle Handle => handle;

        internal long Length => length;

        internal long ReadAt
        {
            get => Volatile.Read(ref _readAt);
            set => Volatile.Write(ref _readAt, value);
        }
    }
}
