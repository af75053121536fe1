using System.Globalization;
using Azure;
using Azure.Storage.Blobs.Models;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Azure;

/// <summary>The blobs of one log: single requests and what they mean, without any decision.</summary>
/// <remarks>
/// <c>journal/&lt;log&gt;/&lt;first number, 19 digits&gt;</c> is a segment; <c>journal/&lt;log&gt;/trimmed</c>, an empty blob, has in its metadata through which number the log
/// was trimmed, because segments are only deleted whole.
/// </remarks>
internal sealed class SegmentedLog(AzureContainer container, string log)
{
    private const string TrimmedName = "trimmed";
    private const string Through = "through";
    private const int NumberDigits = 19;

    private readonly string _prefix = $"journal/{BlobName.Write(log)}/";

    public string Name(long first) => _prefix + first.ToString("D" + NumberDigits, CultureInfo.InvariantCulture);

    /// <exception cref="JournalStoreException">The store cannot be reached, or there is a blob that does not belong here.</exception>
    public Task<SegmentList> ListAsync(CancellationToken cancellationToken) => container.RunAsync(
        async stop =>
        {
            var segments = new List<(long, long)>();
            var (trimmed, version) = (0L, default(ETag));
            await foreach (var blob in container.Blobs.GetBlobsAsync(new GetBlobsOptions { Prefix = _prefix, Traits = BlobTraits.Metadata }, stop))
            {
                var name = blob.Name[_prefix.Length..];
                if (name == TrimmedName
                    && blob.Metadata.TryGetValue(Through, out var through)
                    && long.TryParse(through, NumberStyles.None, CultureInfo.InvariantCulture, out trimmed))
                {
                    version = blob.Properties.ETag ?? default;
                }
                else if (name.Length == NumberDigits && long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var first))
                {
                    segments.Add((first, blob.Properties.ContentLength ?? 0));
                }
                else
                {
                    throw new JournalStoreException($"'{blob.Name}' lies among the segments of log {log} and is none: the log cannot be trusted.");
                }
            }

            return new SegmentList(segments, trimmed, version);
        },
        cancellationToken);

    /// <summary>Looks at a segment; null when there is none.</summary>
    public async Task<Segment?> FindAsync(long first, CancellationToken cancellationToken)
    {
        var blob = container.AppendBlob(Name(first));
        try
        {
            var found = (await container.RunAsync(stop => blob.GetPropertiesAsync(cancellationToken: stop), cancellationToken)).Value;
            return new Segment(first, found.BlobCommittedBlockCount, found.ContentLength, found.IsSealed, found.ETag);
        }
        catch (RequestFailedException missing) when (AzureFault.IsMissing(missing))
        {
            return null;
        }
    }

    /// <summary>Appends a frame to a segment that is as it was seen.</summary>
    /// <returns>The segment afterwards; null when it was not as it was seen, and nothing of this attempt was written.</returns>
    public async Task<Segment?> AppendAsync(Segment seen, byte[] frame, CancellationToken cancellationToken)
    {
        var blob = container.AppendBlob(Name(seen.First));
        try
        {
            var appended = await container.RunAsync(
                async stop =>
                {
                    using var content = new MemoryStream(frame, writable: false);
                    return (await blob.AppendBlockAsync(content, new AppendBlobAppendBlockOptions { Conditions = Unchanged(seen) }, stop)).Value;
                },
                cancellationToken);
            return seen with { Records = seen.Records + 1, Length = seen.Length + frame.Length, ETag = appended.ETag };
        }
        catch (RequestFailedException answer) when (AzureFault.IsAnswer(answer))
        {
            return null;
        }
    }

    /// <summary>Whether the frame that begins where <paramref name="seen"/> ends is the one of this append.</summary>
    public async Task<bool> HasAsync(Segment seen, Guid append, CancellationToken cancellationToken)
    {
        try
        {
            var header = await ReadAsync(seen.First, seen.Length, RecordFrame.HeaderBytes, cancellationToken);
            return RecordFrame.Read(header.Span) is { } found && found.Append == append;
        }
        catch (RequestFailedException missing) when (AzureFault.IsMissing(missing))
        {
            return false;
        }
    }

    /// <summary>Seals a segment that is as it was seen.</summary>
    /// <returns>False when it was not.</returns>
    public async Task<bool> SealAsync(Segment seen, CancellationToken cancellationToken)
    {
        try
        {
            await container.RunAsync(stop => container.AppendBlob(Name(seen.First)).SealAsync(Unchanged(seen), stop), cancellationToken);
            return true;
        }
        catch (RequestFailedException answer) when (AzureFault.IsAnswer(answer))
        {
            return false;
        }
    }

    /// <summary>Creates an empty segment unless there is one.</summary>
    public async Task CreateAsync(long first, CancellationToken cancellationToken)
    {
        var absent = new AppendBlobRequestConditions { IfNoneMatch = ETag.All };
        try
        {
            await container.RunAsync(
                stop => container.AppendBlob(Name(first)).CreateAsync(new AppendBlobCreateOptions { Conditions = absent }, stop), cancellationToken);
        }
        catch (RequestFailedException there) when (AzureFault.IsConflict(there))
        {
            // Another process was faster, or an answer was lost: it is there either way.
        }
    }

    /// <summary>Reads <paramref name="count"/> bytes of a segment, or up to its end.</summary>
    /// <exception cref="RequestFailedException">The segment is gone.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(long first, long offset, long count, CancellationToken cancellationToken)
    {
        var download = new BlobDownloadOptions { Range = new HttpRange(offset, count) };
        var blob = container.AppendBlob(Name(first));
        return (await container.RunAsync(stop => blob.DownloadContentAsync(download, stop), cancellationToken)).Value.Content.ToMemory();
    }

    /// <summary>Notes through which number the log is trimmed, if the note is as it was seen.</summary>
    /// <returns>False when it was not.</returns>
    public async Task<bool> NoteTrimAsync(long through, ETag seen, CancellationToken cancellationToken)
    {
        var note = new BlobUploadOptions
        {
            Conditions = seen == default ? new BlobRequestConditions { IfNoneMatch = ETag.All } : new BlobRequestConditions { IfMatch = seen },
            Metadata = new Dictionary<string, string>(StringComparer.Ordinal) { [Through] = through.ToString(CultureInfo.InvariantCulture) },
        };
        try
        {
            await container.RunAsync(stop => container.Blob(_prefix + TrimmedName).UploadAsync(BinaryData.Empty, note, stop), cancellationToken);
            return true;
        }
        catch (RequestFailedException answer) when (AzureFault.IsAnswer(answer))
        {
            return false;
        }
    }

    public Task DeleteAsync(long first, CancellationToken cancellationToken) =>
        container.RunAsync(stop => container.AppendBlob(Name(first)).DeleteIfExistsAsync(cancellationToken: stop), cancellationToken);

    private static AppendBlobRequestConditions Unchanged(Segment seen) => new() { IfMatch = seen.ETag, IfAppendPositionEqual = seen.Length };
}
