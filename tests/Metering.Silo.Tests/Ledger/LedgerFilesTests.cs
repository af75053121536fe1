using Metering.Contracts;
using Metering.Silo.Ledger;
using Microsoft.Extensions.Time.Testing;

namespace Metering.Silo.Tests.Ledger;

/// <summary>Files that callers read: few at a time, without a name, and gone when nobody reads them.</summary>
public sealed class LedgerFilesTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("metering-files-");
    private readonly LedgerFiles _files;

    public LedgerFilesTests() => _files = new LedgerFiles(_clock);

    public void Dispose()
    {
        _files.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_file_is_read_part_by_part_and_has_no_name_meanwhile()
    {
        var bytes = new byte[LedgerFilePart.MaxBytes + 3];
        new Random(1).NextBytes(bytes);
        var (id, length) = Keep(bytes);

        Assert.Empty(_folder.GetFiles());
        Assert.Equal(bytes.Length, length);
        Assert.Equal(bytes[..LedgerFilePart.MaxBytes], (await _files.ReadAsync(id, 0)).ToArray());
        Assert.Equal(bytes[LedgerFilePart.MaxBytes..], (await _files.ReadAsync(id, LedgerFilePart.MaxBytes)).ToArray());
        Assert.True((await _files.ReadAsync(id, length)).IsEmpty);
        _files.Close(id);
        _files.Close(id);
        Assert.True((await _files.ReadAsync(id, 0)).IsEmpty);
    }

    [Fact]
    public async Task One_that_nobody_reads_is_gone_after_a_minute_and_one_that_is_read_stays()
    {
        var (left, read) = (Keep([1]).Id, Keep([2]).Id);
        _clock.Advance(LedgerFiles.MaxIdle / 2);
        Assert.False((await _files.ReadAsync(read, 0)).IsEmpty);
        _clock.Advance(LedgerFiles.MaxIdle / 2);
        Assert.False((await _files.ReadAsync(read, 0)).IsEmpty);
        Assert.True((await _files.ReadAsync(left, 0)).IsEmpty);
    }

    [Fact]
    public void There_are_so_many_at_a_time_and_no_more()
    {
        var kept = Enumerable.Range(0, LedgerFiles.MaxFiles - 1).Select(_ => Keep([1]).Id).ToList();
        using (Assert.IsType<LedgerFiles.Place>(_files.TryTake()))
        {
            Assert.Null(_files.TryTake());
        }

        kept.Add(Keep([1]).Id);
        Assert.Null(_files.TryTake());
        _files.Close(kept[0]);
        _files.Close(kept[0]);
        kept.Add(Keep([1]).Id);
        Assert.Null(_files.TryTake());
    }

    private (Guid Id, long Length) Keep(byte[] bytes)
    {
        using var place = _files.TryTake()!;
        var path = Path.Combine(_folder.FullName, Guid.NewGuid().ToString());
        File.WriteAllBytes(path, bytes);
        return place.Keep(path);
    }
}
