using System.Globalization;
using Metering.Grains.Journal;
using Metering.Ledger.Segments;
using Microsoft.Win32.SafeHandles;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>One file of the journal. All its bytes are there from the beginning, so that a write needs no room and no change of the file's size.</summary>
internal sealed class JournalSegment : IDisposable
{
    private const string Prefix = "journal-";
    private const string Suffix = ".log";
    private const int NumberDigits = 12;

    private JournalSegment(string path, SafeFileHandle file, SegmentHead head, long size)
    {
        Path = path;
        File = file;
        Head = head;
        Size = size;
    }

    public string Path { get; }

    public SafeFileHandle File { get; }

    public SegmentHead Head { get; }

    /// <summary>In bytes.</summary>
    public long Size { get; }

    /// <summary>Records in it that are still in their logs. Under the journal's lock.</summary>
    public int Live { get; set; }

    /// <summary>Who reads in it: it stays as it is as long as there is anybody. Under the journal's lock.</summary>
    public int Readers { get; set; }

    /// <summary>Its number by its name; null for a file that is no segment.</summary>
    public static long? NumberOf(string path)
    {
        var name = System.IO.Path.GetFileName(path);
        return name.Length == Prefix.Length + NumberDigits + Suffix.Length
            && name.StartsWith(Prefix, StringComparison.Ordinal)
            && name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(Prefix.Length, NumberDigits), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : null;
    }

    public static string PathOf(string folder, long number) =>
        System.IO.Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:D12}{Suffix}"));

    /// <param name="path">The file.</param>
    /// <param name="journal">The journal that it must belong to; null for any.</param>
    /// <param name="access">Whether it may be written.</param>
    /// <exception cref="JournalStoreException">It is none of this journal, or damaged.</exception>
    public static JournalSegment Open(string path, Guid? journal, FileAccess access)
    {
        var file = System.IO.File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            var block = new byte[SegmentFormat.BlockBytes];
            var read = RandomAccess.Read(file, block, 0);
            if (SegmentFormat.ReadHead(block.AsSpan(..read)) is not { } head || head.Number != NumberOf(path))
            {
                throw new JournalStoreException($"'{path}' is damaged, or was written by a newer version of Metering. Restore the data directory from a backup; do not start on it.");
            }

            return journal is null || head.Journal == journal
                ? new JournalSegment(path, file, head, RandomAccess.GetLength(file) / SegmentFormat.BlockBytes * SegmentFormat.BlockBytes)
                : throw new JournalStoreException($"'{path}' belongs to another database than the one beside it. Restore both from one backup.");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Makes a spare file the segment with some number: durably, before anything is written into it.</summary>
    public static JournalSegment Begin(string folder, string spare, SegmentHead head)
    {
        var path = PathOf(folder, head.Number);
        using (var file = System.IO.File.OpenHandle(spare, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
        {
            var block = new byte[SegmentFormat.BlockBytes];
            SegmentFormat.WriteHead(block, head);
            RandomAccess.Write(file, block, 0);
            FileSync.Sync(file);
        }

        System.IO.File.Move(spare, path);
        FolderSync.Sync(folder);
        return Open(path, head.Journal, FileAccess.ReadWrite);
    }

    /// <summary>Makes sure, durably, that no batch is found at a place.</summary>
    /// <exception cref="IOException">That is not certain.</exception>
    public void StrikeOut(long at)
    {
        RandomAccess.Write(File, new byte[SegmentFormat.BlockBytes], at);
        FileSync.Sync(File);
    }

    public void Dispose() => File.Dispose();
}
